# What people are told within the portal, and in the daily mail.
notice-access-asked = { $who } asks to see the record of { $patient }.
notice-sponsor-should-ask = { $who } needs the record of a patient, { $patient }, and cannot ask for it. You can.
notice-access-granted = The family of { $patient } lets you see the record.
notice-access-corrected = The record of { $patient } is open to your practice: the hospital now lists you as primary care.
notice-access-refused = The family of { $patient } did not give access to the record.
notice-correction-refused = Support could not list your practice as primary care of { $patient }.
notice-access-passed-on = Your request for { $patient } went on to the family.
notice-access-expired = Your request for { $patient } was not answered and has ended. You can ask again.
notice-access-ended = Your access to the record of { $patient } has ended.
notice-grant-ends = { $who } can no longer see the record of { $patient }.
notice-queue-waits = Something waits in your queue: { $who }.
notice-sponsorship-due = It is time to confirm that { $who } still works with you.
notice-security-changed = The security settings of your account were changed.
