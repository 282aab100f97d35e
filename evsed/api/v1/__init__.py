"""/api/v1: the same in JSON, with names and units that explain themselves."""
