"""Single-Life: one CroCo model per life, and how far models of different lives agree."""
