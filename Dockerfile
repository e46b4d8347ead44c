# Greenlane's image: the bot only, from the hashed lock, for a read-only root file system and no root.
#
#   docker build -t greenlane .
#   docker build -t greenlane --secret id=pip,src=$HOME/.config/pip/pip.conf .    # where packages come from a mirror
#
# Any base with Python 3.11 or newer and its venv module will do.
ARG BASE=python:3.11-slim

FROM ${BASE} AS packages
RUN python3 -m venv /tmp/installer && python3 -m venv --without-pip /opt/greenlane
COPY requirements/runtime.txt /tmp/runtime.txt
# The secret is there for this one step and in no layer.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /tmp/installer/bin/pip --python /opt/greenlane/bin/python install --no-cache-dir --disable-pip-version-check \
      --require-hashes --no-deps -r /tmp/runtime.txt
RUN printf '#!/opt/greenlane/bin/python\nimport sys\n\nsys.path.insert(0, "/app")\nfrom bot.cli import main\n\nsys.exit(main())\n' \
      > /opt/greenlane/bin/greenlane && chmod 0755 /opt/greenlane/bin/greenlane

FROM ${BASE}
COPY --from=packages /opt/greenlane /opt/greenlane
WORKDIR /app
COPY pyproject.toml LICENSE ./
COPY migrations migrations
COPY config config
COPY bot bot
# Bytecode now: at run time nobody can write any. /data is the only place that keeps something.
RUN /opt/greenlane/bin/python -m compileall -q bot migrations && install -d -o 65532 -g 65532 /data
ARG REVISION=""
LABEL org.opencontainers.image.title="Greenlane" \
      org.opencontainers.image.description="Merge, CI turns green, the code runs in your team's namespace" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/greenlane/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GREENLANE_LISTEN=0.0.0.0:8080 \
    GREENLANE_DATABASE_URL=sqlite+aiosqlite:////data/greenlane.db \
    GREENLANE_CATALOG=/app/config \
    GREENLANE_LOG_FORMAT=json
USER 65532:65532
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['GREENLANE_LISTEN'].rpartition(':')[2] + '/healthz', timeout=4)"]
ENTRYPOINT ["greenlane"]
CMD ["serve"]
