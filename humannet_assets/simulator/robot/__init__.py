"""A bimanual robot at a table, with dynamics: tasks, scripted experts, a closed loop and episodes."""
