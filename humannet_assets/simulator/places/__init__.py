"""Where people live and work: generated worlds with stations to act at, routes to walk and spots to stand on."""
