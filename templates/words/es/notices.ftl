# Lo que se comunica dentro del portal y en el correo diario.
notice-access-asked = { $who } pide ver el expediente de { $patient } en el hospital.
notice-sponsor-should-ask = { $who } necesita el expediente de un paciente, { $patient }, y no puede pedirlo. Usted sí puede.
notice-access-granted = La familia de { $patient } le permite ver el expediente.
notice-access-corrected = El expediente de { $patient } está abierto para su consultorio: el hospital ya lo registra como atención primaria.
notice-access-refused = La familia de { $patient } no dio acceso al expediente.
notice-correction-refused = Soporte no pudo registrar su consultorio para { $patient } como atención primaria.
notice-access-passed-on = Su solicitud sobre { $patient } pasó a la familia.
notice-access-expired = Su solicitud sobre { $patient } no tuvo respuesta y terminó. Puede pedirlo de nuevo.
notice-access-ended = Su acceso al expediente de { $patient } terminó.
notice-grant-ends = { $who } ya no puede ver el expediente de { $patient } en el hospital.
notice-queue-waits = Algo espera en su lista: { $who }.
notice-sponsorship-due = Es hora de confirmar que { $who } sigue trabajando con usted.
notice-security-changed = Se cambió la seguridad de su cuenta.
notices-title = Avisos
notices-link = { $count ->
    [0] Avisos
    [one] Avisos, 1 sin leer
   *[other] Avisos, { $count } sin leer
}
notices-none = Todavía no hay nada que deba saber.
notices-new = Nuevo
notices-read-all = Marcar todo como leído
notices-read-one = Marcar como leído
notices-go = Abrir
notices-open-record = Abrir el expediente
notices-find = Buscar al paciente
notices-choice-title = Avisos y correo
notices-mails = Correos sobre avisos
notices-at-once = Uno por uno, de inmediato
notices-daily = Un correo al día, desde las { $hour }
notices-security = Los correos sobre la seguridad de su cuenta se envían siempre de inmediato.
notices-language = Idioma de los correos
notices-save = Guardar
notices-saved = Guardado.
