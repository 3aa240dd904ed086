"""LesionLab in a window of its own: `python -m desktop`, which `make desktop` and the files to
double-click start.

`server` starts the app, `splash` shows that it starts, `launch` keeps server and window together;
the windows are `webview`, `chrome` and `browser`, the first that opens. Nothing here imports
Streamlit or torch before the server does, which is another process: the window comes at once.
"""
