# What goes wrong, said to a person: what happened, what to do, whom to ask.
problem-stuck = If you are stuck, write to
problem-request = Request number
problem-home = Go to the home page
problem-not-found = This page is not here
problem-not-found-what = The address may be mistyped, or the page may no longer be there for you.
problem-not-found-todo = Check the address, or start again from the home page.
problem-session = Your session has ended
problem-session-what = You were signed out because nothing happened for a while. What you sent was not carried out.
problem-session-todo = Sign in and you will be back where you were.
problem-session-link = Sign in
problem-form = This form could not be accepted
problem-form-what = The page was open for too long, or your browser did not send the cookie that belongs to it.
problem-form-todo = Open the page again and repeat what you did. If it happens again, allow cookies for this site.
problem-form-link = Open the page again
problem-role = This page is for others
problem-role-what = You are signed in, but this page is for { $whose }.
problem-role-others = other users
problem-role-todo = Go to your own home page. If you think that you need this page, write to support.
problem-unreadable = What was sent cannot be read
problem-unreadable-what = The form arrived incomplete, so nothing was done.
problem-unreadable-todo = Go back, open the page again and repeat what you did.
problem-large = That was too much at once
problem-large-what = The form holds more than this page accepts, so nothing was done.
problem-large-todo = Go back and shorten what you entered.
problem-slow = That took too long to arrive
problem-slow-what = What you sent did not come in time, so nothing was done.
problem-slow-todo = Check your connection, go back and send it again.
problem-many = Take a short break
problem-many-what = There were too many { $what } in a short time. This limit protects patients.
problem-many-attempts = attempts
problem-many-todo = Try again in { $wait }.
problem-seconds = { $count ->
    [one] 1 second
   *[other] { $count } seconds
}
problem-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
problem-hospital = The hospital’s records cannot be reached
problem-hospital-what = The portal is running, but the hospital’s record system does not answer, or not properly.
problem-hospital-todo = Try again in a minute. If a patient cannot wait, call the hospital.
problem-internal = Something went wrong on our side
problem-internal-what = The page could not be made. You did nothing wrong.
problem-internal-todo = Try again in a minute. If it happens again, write to support with the number below.
