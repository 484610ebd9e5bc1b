"""Pictures people judge by: contact sheets, verdict sheets, track and speed plots. Plain Python; assets and notebooks use it."""
