# Correos sobre solicitudes de acceso, y el correo diario.
requests-open-portal = Abrir el portal
requests-asked-subject = Un profesional pide ver un expediente del hospital
requests-asked-text = { $who } pide ver el expediente que { $patient } tiene en el hospital. Usted decide.
requests-asked-decide = Puede decir que sí a todo o a una parte, por el tiempo que quiera, o decir que no. Nadie ve nada hasta que usted diga que sí.
requests-asked-link = Responder a la solicitud
requests-nudge-subject = Su equipo necesita un expediente
requests-nudge-text = { $who }, a quien usted patrocina, necesita el expediente que { $patient } tiene en el hospital. Ninguno de los dos puede verlo todavía.
requests-nudge-how = Busque al paciente en el portal y pida acceso. Cuando usted pueda ver el expediente, también podrán verlo las personas a quienes patrocina.
requests-granted-subject = Ya puede ver un expediente
requests-corrected-subject = El registro del hospital está corregido
requests-granted-next = Busque al paciente en el portal y el expediente se abrirá.
requests-refused-subject = Respuesta a su solicitud
requests-refused-next = Las familias deciden por sus propias razones. Si atiende al paciente, hable con la familia; puede invitarle en cualquier momento. Si el paciente no puede esperar, llame al hospital.
requests-not-corrected-subject = Respuesta a su solicitud
requests-not-corrected-next = La razón está en el portal. Si atiende al paciente de otra manera, puede pedir acceso a la familia.
requests-passed-on-subject = Su solicitud pasó a la familia
requests-passed-on-next = El soporte del hospital no pudo resolverla y preguntó a la familia. Le avisaremos lo que decida.
requests-expired-subject = Su solicitud terminó
requests-expired-next = Busque al paciente en el portal para pedirlo de nuevo, o hable con la familia o con el hospital.
requests-digest-subject = Sus avisos del día
requests-digest-text = { $count ->
    [one] Pasó una cosa desde el último correo diario:
   *[other] Pasaron { $count } cosas desde el último correo diario:
}
requests-digest-choice = Usted eligió un correo al día. Puede cambiarlo en la página «Avisos y correo» de su cuenta.
