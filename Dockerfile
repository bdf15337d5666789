# Paddock in a container: the static binary with the console and the migrations in
# it, and nothing else. The images are arguments, so that whoever mirrors them
# can pin them by digest: docker build --build-arg RUN_IMAGE=…@sha256:… .
ARG NODE_IMAGE=node:22-bookworm-slim
ARG GO_IMAGE=golang:1.26.8-bookworm
ARG RUN_IMAGE=gcr.io/distroless/static-debian12:nonroot
ARG POSTGRES_IMAGE=postgres:17-bookworm

FROM ${NODE_IMAGE} AS console
WORKDIR /src/app/web
COPY app/web/package.json app/web/package-lock.json ./
COPY app/web/live/package.json live/package.json
RUN npm ci --no-audit --no-fund --loglevel=error
COPY app/web ./
RUN npm run build

FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=console /src/app/web/dist/console app/web/dist/console
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /paddock ./cmd/paddock

# For paddock backup and paddock restore, which need Postgres' client programs:
# docker build --target tools.
FROM ${POSTGRES_IMAGE} AS tools
COPY --from=build /paddock /usr/local/bin/paddock
USER postgres
ENTRYPOINT ["/usr/local/bin/paddock"]

FROM ${RUN_IMAGE}
COPY --from=build /paddock /paddock
USER 65532:65532
ENV PADDOCK_ADDR=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=12s --start-period=30s CMD ["/paddock", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/paddock"]
CMD ["serve"]
