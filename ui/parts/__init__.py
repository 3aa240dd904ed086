"""Parts of a page that the browser draws: the photo with its layers, the seven bars, the stage of
the presentation. Each is a Python function beside a script and a style sheet of the same name, but
for those made of Streamlit's own (`controls`, `outcomes`)."""
