# Lo que sale mal, dicho a una persona: qué pasó, qué hacer, a quién preguntar.
problem-stuck = Si no puede seguir, escriba a
problem-request = Número de solicitud
problem-home = Ir a la página de inicio
problem-not-found = Esta página no está aquí
problem-not-found-what = Puede que la dirección esté mal escrita, o que la página ya no esté disponible para usted.
problem-not-found-todo = Revise la dirección, o empiece de nuevo desde la página de inicio.
problem-session = Su sesión terminó
problem-session-what = Cerramos su sesión porque no hubo actividad durante un rato. Lo que envió no se hizo.
problem-session-todo = Inicie sesión y volverá a donde estaba.
problem-session-link = Iniciar sesión
problem-form = No se pudo aceptar este formulario
problem-form-what = La página estuvo abierta demasiado tiempo, o su navegador no envió la cookie que le corresponde.
problem-form-todo = Abra la página otra vez y repita lo que hizo. Si vuelve a pasar, permita las cookies de este sitio.
problem-form-link = Abrir la página otra vez
problem-role = Esta página es para otras personas
problem-role-what = Usted inició sesión, pero esta página es para { $whose }.
problem-role-others = otros usuarios
problem-role-todo = Vaya a su página de inicio. Si cree que necesita esta página, escriba a soporte.
problem-unreadable = No se puede leer lo que se envió
problem-unreadable-what = El formulario llegó incompleto, así que no se hizo nada.
problem-unreadable-todo = Regrese, abra la página otra vez y repita lo que hizo.
problem-large = Eso fue demasiado de una vez
problem-large-what = El formulario contiene más de lo que esta página acepta, así que no se hizo nada.
problem-large-todo = Regrese y acorte lo que escribió.
problem-slow = Tardó demasiado en llegar
problem-slow-what = Lo que envió no llegó a tiempo, así que no se hizo nada.
problem-slow-todo = Compruebe su conexión, regrese y envíelo de nuevo.
problem-many = Tome un breve descanso
problem-many-what = Hubo demasiados { $what } en poco tiempo. Este límite protege a los pacientes.
problem-many-attempts = intentos
problem-many-todo = Vuelva a intentarlo en { $wait }.
problem-seconds = { $count ->
    [one] 1 segundo
   *[other] { $count } segundos
}
problem-minutes = { $count ->
    [one] 1 minuto
   *[other] { $count } minutos
}
problem-hospital = No se puede llegar a los expedientes del hospital
problem-hospital-what = El portal funciona, pero el sistema de expedientes del hospital no responde, o no como debe.
problem-hospital-todo = Vuelva a intentarlo en un minuto. Si un paciente no puede esperar, llame al hospital.
problem-internal = Algo salió mal de nuestro lado
problem-internal-what = No se pudo hacer la página. Usted no hizo nada mal.
problem-internal-todo = Vuelva a intentarlo en un minuto. Si pasa otra vez, escriba a soporte con el número de abajo.
