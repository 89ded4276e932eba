# What stands around every mail.
mail-portal = clinician portal
mail-questions = Questions: { $support }
