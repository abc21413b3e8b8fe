# A static binary that runs as an ordinary user, in an image without a shell.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /shubbak ./cmd/shubbak
# Volumes take their owner from the image: the ordinary user writes here.
RUN mkdir -m 0700 /data /keys

# MinIO publishes no image any more: it is built from its module.
FROM golang:1.26-bookworm AS minio-build
RUN CGO_ENABLED=0 GOBIN=/ go install github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
RUN mkdir -m 0700 /data

FROM gcr.io/distroless/static-debian12:nonroot AS minio
COPY --from=minio-build /minio /minio
COPY --from=build /shubbak /shubbak
COPY --from=minio-build --chown=nonroot:nonroot /data /data
ENTRYPOINT ["/minio"]

FROM gcr.io/distroless/static-debian12:nonroot AS shubbak
COPY --from=build /shubbak /shubbak
COPY --from=build --chown=nonroot:nonroot /data /data
COPY --from=build --chown=nonroot:nonroot /keys /keys
USER nonroot
ENV SHUBBAK_LISTEN=0.0.0.0:8080 SHUBBAK_DATA=/data SHUBBAK_LOG=json
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/shubbak"]
CMD ["serve"]
