# Correos a patrocinadores y a su personal.
sponsorship-invited-subject = Tiene una invitación al portal para clínicos
sponsorship-invited-text = { $who } le invita al portal del hospital para clínicos y su personal. Verá los expedientes que ve { $who }, para su trabajo en el consultorio.
sponsorship-invited-new = Un segundo correo trae el enlace para crear su cuenta. Al crearla, acepta la invitación. Si no conoce a quien le invita, no haga nada: así no pasa nada.
sponsorship-invited-known = Usted ya tiene una cuenta. Inicie sesión y diga sí o no. Nada cambia hasta que diga que sí.
sponsorship-answer = Responder a la invitación
sponsorship-over-subject = Su acceso patrocinado cambió
sponsorship-suspended-text = { $who } ha puesto en pausa su acceso. Por ahora no ve los expedientes que veía por medio de { $who }.
sponsorship-ended-text = { $who } ha terminado su acceso. Ya no ve los expedientes que veía por medio de { $who }.
sponsorship-over-next = Lo que ve por medio de otros patrocinadores sigue igual. Si tiene preguntas, consulte en su consultorio.
sponsorship-confirm-subject = ¿Estas personas siguen en su equipo?
sponsorship-confirm-month = Usted patrocina a { $count } personas que no ha confirmado desde hace tiempo. Diga en un plazo de 30 días si siguen en su equipo. Si no, su acceso por medio de usted quedará en pausa.
sponsorship-confirm-week = Usted patrocina a { $count } personas que no ha confirmado desde hace tiempo. Diga en un plazo de 7 días si siguen en su equipo. Si no, su acceso por medio de usted quedará en pausa.
sponsorship-confirm-over = El acceso de { $count } personas por medio de usted está en pausa, porque no confirmó que siguen en su equipo. Puede reanudarlo cuando quiera.
sponsorship-my-staff = Abrir Mi personal
sponsorship-privilege-subject = Cambió su derecho a patrocinar personal
sponsorship-allowed-text = El hospital le ha aprobado como patrocinador. Ya puede invitar al portal al personal de su consultorio.
sponsorship-disallowed-text = El hospital ha terminado su derecho a patrocinar personal. Las personas que patrocinaba ya no ven expedientes por medio de usted. Su propio acceso sigue igual.
