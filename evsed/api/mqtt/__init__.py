"""MQTT and Home Assistant: one table of entities, the topics that change things, and the link to the broker."""
