// Passkeys. Without this file, and in browsers that have none, every other way to sign in is there.
