"""What is learned from: photos, labels and masks as arrays, and how they are drawn and changed."""
