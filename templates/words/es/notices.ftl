# Lo que se comunica dentro del portal y en el correo diario.
notice-access-asked = { $who } pide ver el expediente de { $patient }.
notice-sponsor-should-ask = { $who } necesita el expediente de un paciente, { $patient }, y no puede pedirlo. Usted sí puede.
notice-access-granted = La familia de { $patient } le permite ver el expediente.
notice-access-corrected = El expediente de { $patient } está abierto para su consultorio: el hospital ya lo registra como atención primaria.
notice-access-refused = La familia de { $patient } no dio acceso al expediente.
notice-correction-refused = Soporte no pudo registrar su consultorio como atención primaria de { $patient }.
notice-access-passed-on = Su solicitud sobre { $patient } pasó a la familia.
notice-access-expired = Su solicitud sobre { $patient } no tuvo respuesta y terminó. Puede pedirlo de nuevo.
notice-access-ended = Su acceso al expediente de { $patient } terminó.
notice-grant-ends = { $who } ya no puede ver el expediente de { $patient }.
notice-queue-waits = Algo espera en su lista: { $who }.
notice-sponsorship-due = Es hora de confirmar que { $who } sigue trabajando con usted.
notice-security-changed = Se cambió la seguridad de su cuenta.
