# Airflow's official image with the packages that poetry.lock names, and this project in it.
# The locked packages live in an environment of their own, first on PATH: what the image was built with
# and what this project was tested with never mix.
ARG AIRFLOW_IMAGE=apache/airflow:3.3.2-python3.12

FROM ${AIRFLOW_IMAGE} AS packages
USER root
RUN install -d -o airflow -g root /opt/datalake
USER airflow
WORKDIR /opt/datalake
ENV PIP_USER=0 PIP_NO_CACHE_DIR=1 POETRY_CACHE_DIR=/tmp/pypoetry VIRTUAL_ENV=/opt/datalake/venv
RUN python -m venv /tmp/poetry \
    && /tmp/poetry/bin/python -m pip install --quiet poetry==2.5.1 \
    && python -m venv "$VIRTUAL_ENV"
COPY --chown=airflow:root pyproject.toml poetry.lock ./
RUN /tmp/poetry/bin/python -m poetry install --only main --no-root --compile --no-interaction --no-ansi
COPY --chown=airflow:root README.md ./
COPY --chown=airflow:root datalake ./datalake
RUN "$VIRTUAL_ENV/bin/python" -m pip install --quiet --no-deps .

FROM ${AIRFLOW_IMAGE}
COPY --from=packages --chown=airflow:root /opt/datalake/venv /opt/datalake/venv
COPY --chown=airflow:root --chmod=755 deploy/docker/entrypoint /opt/datalake/entrypoint
COPY --chown=airflow:root config/airflow.cfg config/client.properties.example /opt/airflow/config/
COPY --chown=airflow:root dags /opt/airflow/dags
COPY --chown=airflow:root producer.py /opt/airflow/
ENV PATH=/opt/datalake/venv/bin:$PATH \
    VIRTUAL_ENV=/opt/datalake/venv \
    AIRFLOW_CONFIG=/opt/airflow/config/airflow.cfg \
    DATALAKE_HOME=/opt/airflow
ENTRYPOINT ["/usr/bin/dumb-init", "--", "/opt/datalake/entrypoint"]
CMD ["version"]
