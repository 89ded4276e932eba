# Mails about requests for access, and the daily mail.
requests-open-portal = Open the portal
requests-asked-subject = A provider asks to see a hospital record
requests-asked-text = { $who } asks to see { $patient }’s hospital record. You decide.
requests-asked-decide = You can say yes to all of it or to parts, for as long as you like, or say no. Nobody sees anything until you say yes.
requests-asked-link = Answer the request
requests-nudge-subject = Your team needs a record
requests-nudge-text = { $who }, whom you sponsor, needs { $patient }’s hospital record. Neither of you can see it yet.
requests-nudge-how = Find the patient in the portal and request access. Once you can see the record, so can the people you sponsor.
requests-granted-subject = You can see a record now
requests-corrected-subject = The hospital’s record is corrected
requests-granted-next = Find the patient in the portal, and the record opens.
requests-refused-subject = An answer to your request
requests-refused-next = Families decide for reasons of their own. If you look after the patient, speak with the family; they can invite you at any time. If the patient cannot wait, call the hospital.
requests-not-corrected-subject = An answer to your request
requests-not-corrected-next = The reason is in the portal. If you look after the patient in another way, you can ask the family instead.
requests-passed-on-subject = Your request went on to the family
requests-passed-on-next = The hospital’s support could not settle it and asked the family. You will be told what they decide.
requests-expired-subject = Your request has ended
requests-expired-next = Find the patient in the portal to ask again, or speak with the family or the hospital.
requests-digest-subject = Your notices of the day
requests-digest-text = { $count ->
    [one] One thing happened since the last daily mail:
   *[other] { $count } things happened since the last daily mail:
}
requests-digest-choice = You chose one mail a day. You can change that on your account’s page “Notices and mail”.
