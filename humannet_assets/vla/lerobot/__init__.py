"""LeRobot v3.0 datasets: the format's rules, and a writer that streams and can be interrupted."""
