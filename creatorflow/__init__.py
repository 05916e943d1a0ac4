"""The operator's side: settings, command line, local stack, demo; parts are wired together here alone."""
