# Three images of one source: `web` serves pages and runs upkeep, `worker` adds torch and colors, `trainer` adds the
# classifiers that look on while it trains. The latter two are built for processors (TORCH=cpu) or for NVIDIA's cards
# (TORCH=cuda).
ARG TORCH=cpu

FROM python:3.11-slim-bookworm AS web
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 MALLOC_ARENA_MAX=2 \
    DJANGO_SETTINGS_MODULE=photolab_site.settings PHOTOLAB_DATA=/data
WORKDIR /srv/photolab
# requirements-web.txt with all that comes along, and a digest of each file, without which nothing is installed.
COPY requirements-web.txt requirements-web.lock ./
RUN pip install --require-hashes -r requirements-web.lock \
    && useradd --uid 1000 --create-home photolab \
    && install -d -o photolab -g photolab /data
COPY manage.py ./
COPY photolab_site photolab_site
COPY gallery gallery
COPY locale locale
COPY templates templates
COPY static static
# Programs that start for each photograph need not be compiled each time.
RUN python -m compileall -q gallery
USER photolab
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "photolab_site.asgi:application", "--host=0.0.0.0", "--port=8000", \
     "--lifespan=off", "--no-access-log", "--timeout-graceful-shutdown=3"]

# PyPI's torch brings some gigabytes of CUDA along. TORCH_INDEX may name an index of builds without it; PyTorch has one.
FROM web AS torch_cpu
ARG TORCH_INDEX
USER root
COPY requirements.txt ./
RUN pip install ${TORCH_INDEX:+-i "$TORCH_INDEX"} $(grep -E "^torch(vision)?==" requirements.txt)

FROM web AS torch_cuda
USER root
COPY requirements.txt ./
RUN pip install $(grep -E "^torch(vision)?==" requirements.txt)
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM torch_${TORCH} AS worker
RUN pip install -r requirements.txt
COPY colorizer colorizer
COPY worker worker
RUN python -m compileall -q colorizer worker
USER photolab
# Into the user's own folder of caches; on another kind of processor the worker compiles anew when it starts.
RUN python -c "from colorizer.merging import prepare; prepare()"
CMD ["python", "-m", "celery", "-A", "photolab_site", "worker", "--pool=prefork", "--concurrency=1", \
     "--queues=colorize", "--hostname=colorize@%h", "--loglevel=INFO", "--without-gossip", "--without-mingle"]

FROM worker AS trainer
USER root
COPY requirements-train.txt ./
RUN pip install -r requirements-train.txt
USER photolab
CMD ["python", "-m", "celery", "-A", "photolab_site", "worker", "--pool=solo", \
     "--queues=train", "--hostname=train@%h", "--loglevel=INFO", "--without-gossip", "--without-mingle"]
