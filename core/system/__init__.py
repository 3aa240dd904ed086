"""What the app needs of the computer: files and folders of its own, memory, turns."""
