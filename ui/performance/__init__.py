"""The parts of the Performance page: one module for each tab, with TITLE and `show(choice)`."""
