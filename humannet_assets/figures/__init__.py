"""Pictures people judge by: contact sheets, verdict sheets, track and speed plots. For assets and notebooks."""
