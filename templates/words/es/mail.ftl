# Lo que acompaña a cada correo.
mail-portal = portal para profesionales de la salud
mail-questions = Preguntas: { $support }
