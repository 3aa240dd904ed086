"""What is measured on an outlined lesion, and on the photo of it."""
