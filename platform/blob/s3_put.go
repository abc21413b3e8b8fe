package blob

import (
	"context"
	"io"

	"github.com/minio/minio-go/v7"
)

// partSize bounds the memory of an upload whose size is not known beforehand; what
// is not longer goes in one request.
const partSize = 16 << 20

// smallSize is what is read before a whole part's memory is taken.
const smallSize = 256 << 10

// Put streams in parts; a store shows no object before its last part is there.
func (s *S3) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := check(ctx, key); err != nil {
		return 0, err
	}
	if err := s.free(ctx, key); err != nil {
		return 0, err
	}
	ctx, w := s.watched(ctx)
	defer w.end()
	src := &source{r: r, w: w}
	n, err := s.put(ctx, key, src)
	if src.err != nil {
		return 0, src.err // the sender's fault, not the store's
	}
	if err != nil {
		return 0, down(err)
	}
	return n, nil
}

func putOptions() minio.PutObjectOptions {
	return minio.PutObjectOptions{PartSize: partSize, ContentType: "application/octet-stream", DisableContentSha256: true}
}

func (s *S3) put(ctx context.Context, key string, src *source) (int64, error) {
	buf := make([]byte, smallSize)
	n, last, err := fill(src, buf)
	if err == nil && !last {
		small := buf
		buf = make([]byte, partSize)
		copy(buf, small)
		n, last, err = fill(src, buf[smallSize:])
		n += smallSize
	}
	if err != nil {
		return 0, err
	}
	if last {
		_, err := s.client.PutObject(ctx, s.bucket, key, &sent{b: buf[:n], w: src.w}, int64(n), putOptions())
		return int64(n), err
	}
	return s.putParts(ctx, key, src, buf)
}

// putParts sends a first part and what follows it. An upload that does not end well
// is taken back as far as the store lets us.
func (s *S3) putParts(ctx context.Context, key string, src *source, buf []byte) (total int64, err error) {
	core := minio.Core{Client: s.client}
	id, err := core.NewMultipartUpload(ctx, s.bucket, key, putOptions())
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			back, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTime)
			defer cancel()
			_ = core.AbortMultipartUpload(back, s.bucket, key, id)
		}
	}()
	var parts []minio.CompletePart
	for n, last := len(buf), false; ; {
		src.w.moved()
		piece := &sent{b: buf[:n], w: src.w}
		part, err := core.PutObjectPart(ctx, s.bucket, key, id, len(parts)+1, piece, int64(n), minio.PutObjectPartOptions{DisableContentSha256: true})
		piece.over()
		if err != nil {
			return 0, err
		}
		parts = append(parts, minio.CompletePart{PartNumber: len(parts) + 1, ETag: part.ETag})
		if total += int64(n); last {
			break
		}
		if n, last, err = fill(src, buf); err != nil {
			return 0, err
		}
		if n == 0 {
			break
		}
	}
	src.w.moved()
	_, err = core.CompleteMultipartUpload(ctx, s.bucket, key, id, parts, putOptions())
	return total, err
}

// fill reads until buf is full or the source ends. A source that breaks off often says
// that it ended unexpectedly: that is a failure, not an end.
func fill(src *source, buf []byte) (n int, last bool, err error) {
	n, err = io.ReadFull(src, buf)
	switch {
	case src.err != nil:
		return n, false, src.err
	case err != nil:
		return n, true, nil
	}
	return n, false, nil
}
