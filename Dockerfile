# A static binary that runs as an ordinary user.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /shubbak ./cmd/shubbak

# MinIO publishes no image any more: it is built from its module.
FROM golang:1.26-bookworm AS minio-build
RUN CGO_ENABLED=0 GOBIN=/ go install github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c

FROM gcr.io/distroless/static-debian12:nonroot AS minio
COPY --from=minio-build /minio /minio
ENTRYPOINT ["/minio"]

FROM gcr.io/distroless/static-debian12:nonroot AS shubbak
COPY --from=build /shubbak /shubbak
ENV SHUBBAK_LISTEN=0.0.0.0:8080 SHUBBAK_DATA=/data SHUBBAK_LOG=json
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/shubbak"]
CMD ["serve"]
