"""The LCD's screens, from Snapshots of stories and of scenes."""
