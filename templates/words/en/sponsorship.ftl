# Mails to sponsors and their staff.
sponsorship-invited-subject = You are invited to the clinician portal
sponsorship-invited-text = { $who } invites you to the hospital’s portal for clinicians and their staff. You will see the records that { $who } sees, for your work at the practice.
sponsorship-invited-new = A second mail has the link to set up your account. Setting it up accepts the invitation. If you do not know the sender, leave both mails alone: nothing happens then.
sponsorship-invited-known = You have an account. Sign in, then say yes or no. Nothing changes until you say yes.
sponsorship-answer = Answer the invitation
sponsorship-over-subject = Your sponsored access changed
sponsorship-suspended-text = { $who } has paused your access. You do not see the records that came through { $who } for now.
sponsorship-ended-text = { $who } has ended your access. You no longer see the records that came through { $who }.
sponsorship-over-next = What you see through other sponsors stays as it is. Questions about this are best asked at your practice.
sponsorship-confirm-subject = Are these people still on your staff?
sponsorship-confirm-month = You sponsor { $count } people whom you have not confirmed for a while. Please say within 30 days that they are still on your staff. Otherwise their access through you is paused.
sponsorship-confirm-week = You sponsor { $count } people whom you have not confirmed for a while. Please say within 7 days that they are still on your staff. Otherwise their access through you is paused.
sponsorship-confirm-over = The access of { $count } people through you is paused, since you did not confirm that they are still on your staff. You can resume it at any time.
sponsorship-my-staff = Open My staff
sponsorship-privilege-subject = Your right to sponsor staff changed
sponsorship-allowed-text = The hospital has approved you as a sponsor. You can invite the staff of your practice to the portal now.
sponsorship-disallowed-text = The hospital has ended your right to sponsor staff. The people whom you sponsored no longer see records through you. Your own access is as it was.
