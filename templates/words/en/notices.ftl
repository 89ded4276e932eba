# What people are told within the portal, and in the daily mail.
notice-access-asked = { $who } asks to see { $patient }’s record.
notice-sponsor-should-ask = { $who } needs the record of a patient, { $patient }, and cannot ask for it. You can.
notice-access-granted = The family of { $patient } lets you see the record.
notice-access-corrected = The record of { $patient } is open to your practice: the hospital now lists you as primary care.
notice-access-refused = The family of { $patient } did not give access to the record.
notice-correction-refused = Support could not list your practice as { $patient }’s primary care.
notice-access-passed-on = Your request for { $patient } went on to the family.
notice-access-expired = Your request for { $patient } was not answered and has ended. You can ask again.
notice-access-ended = Your access to the record of { $patient } has ended.
notice-grant-ends = { $who } can no longer see { $patient }’s record.
notice-queue-waits = Something waits in your queue: { $who }.
notice-sponsorship-due = It is time to confirm that { $who } still works with you.
notice-security-changed = The security settings of your account were changed.
notices-title = Notices
notices-link = { $count ->
    [0] Notices
    [one] Notices, 1 unread
   *[other] Notices, { $count } unread
}
notices-none = Nothing has happened yet that you need to know.
notices-new = New
notices-read-all = Mark all as read
notices-read-one = Mark as read
notices-go = Open
notices-open-record = Open record
notices-find = Find the patient
notices-choice-title = Notices and mail
notices-mails = Mails about notices
notices-at-once = One by one, at once
notices-daily = One mail a day, from { $hour }
notices-security = Mails about the security of your account are always sent at once.
notices-language = Language of mails
notices-save = Save
notices-saved = Saved.
