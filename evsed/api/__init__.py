"""Everything that people and programs operate the charger with. Reads Snapshots, submits commands, decides nothing."""
