# How far a day lies in the past.
ago-today = today
ago-yesterday = yesterday
ago-days = { $count } days ago
ago-weeks = { $count } weeks ago
ago-months = { $count } months ago
ago-years = { $count } years ago
