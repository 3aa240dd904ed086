# The app alone. Data, runs and the models prepared for this machine lie in /data (see compose.yaml).
FROM python:3.11-slim
RUN useradd --create-home lesionlab && install -d -o lesionlab /data
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER lesionlab
ENV LESIONLAB_DATA=/data/data LESIONLAB_RUNS=/data/runs LESIONLAB_CACHE=/data/cache \
    LESIONLAB_LEARNING=/data/learning STREAMLIT_SERVER_ADDRESS=0.0.0.0
EXPOSE 8501
HEALTHCHECK --start-period=90s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=3)"]
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.headless=true"]
