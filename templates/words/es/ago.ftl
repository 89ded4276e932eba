# Cuánto hace de un día.
ago-today = hoy
ago-yesterday = ayer
ago-days = hace { $count } días
ago-weeks = hace { $count } semanas
ago-months = hace { $count } meses
ago-years = hace { $count } años
