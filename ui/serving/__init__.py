"""What passes between browser and server beneath the pages: compressed scripts, uploads."""
