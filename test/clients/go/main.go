// Submits a job to a coordinator, watches it and downloads the result, from the proto alone.
//
//	submit-and-download HOST:PORT IMAGE MAP OUTPUT
//
// The package halotile/v1 is generated from proto/ (docs/api.md has the command). Prints the CRC-32 of the output's
// pixels, which the coordinator states; exits with 1 where the job failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	halotile "halotile/v1"
)

const chunkBytes = 1 << 20

func main() {
	log.SetFlags(0)
	if len(os.Args) != 5 {
		log.Fatal("usage: submit-and-download HOST:PORT IMAGE MAP OUTPUT")
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address, image, distances, output string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	jobs := halotile.NewJobsClient(connection)

	imageName, err := upload(ctx, jobs, image)
	if err != nil {
		return err
	}
	mapName, err := upload(ctx, jobs, distances)
	if err != nil {
		return err
	}
	spec := &halotile.JobSpec{
		Image:      imageName,
		Map:        proto.String(mapName),
		Output:     "download:go.tif",
		Operations: []*halotile.Operation{{Name: "box"}},
		Tile:       proto.Uint32(256),
		Block:      proto.Uint32(128),
	}
	if _, err := jobs.PlanJob(ctx, &halotile.PlanJobRequest{Spec: spec}); err != nil {
		return err
	}
	requestID := fmt.Sprintf("go-%d-%d", os.Getpid(), time.Now().UnixNano())
	submitted, err := jobs.SubmitJob(ctx, &halotile.SubmitJobRequest{RequestId: requestID, Spec: spec})
	if err != nil {
		return err
	}
	result, err := watch(ctx, jobs, submitted.Job.Id)
	if err != nil {
		return err
	}
	if err := download(ctx, jobs, submitted.Job.Id, output); err != nil {
		return err
	}
	fmt.Printf("%08x\n", result.PixelCrc)
	return refused(ctx, jobs)
}

// upload sends a file, from where an earlier try stopped, and returns its name in specs.
func upload(ctx context.Context, jobs halotile.JobsClient, path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	crc := crc32.ChecksumIEEE(data)
	id := fmt.Sprintf("go-%08x-%d", crc, len(data))
	start := uint64(0)
	present, err := jobs.GetUpload(ctx, &halotile.GetUploadRequest{UploadId: id})
	if err == nil {
		start = present.Received
	} else if status.Code(err) != codes.NotFound {
		return "", err
	}
	stream, err := jobs.Upload(ctx)
	if err != nil {
		return "", err
	}
	header := &halotile.UploadHeader{UploadId: id, Size: uint64(len(data)), Crc: crc, Name: filepath.Base(path)}
	messages := []*halotile.UploadRequest{{Message: &halotile.UploadRequest_Header{Header: header}}}
	for offset := start; offset < uint64(len(data)); offset += chunkBytes {
		piece := data[offset:min(offset+chunkBytes, uint64(len(data)))]
		chunk := &halotile.Chunk{Offset: offset, Data: piece, Crc: crc32.ChecksumIEEE(piece)}
		messages = append(messages, &halotile.UploadRequest{Message: &halotile.UploadRequest_Chunk{Chunk: chunk}})
	}
	for _, message := range messages {
		// Of a call that has ended, CloseAndRecv says why.
		if err := stream.Send(message); err != nil {
			break
		}
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return "", err
	}
	if !response.Complete {
		return "", fmt.Errorf("%s: %d of %d bytes arrived", path, response.Received, len(data))
	}
	return "upload:" + id, nil
}

// watch follows a job to its end.
func watch(ctx context.Context, jobs halotile.JobsClient, id string) (*halotile.JobResult, error) {
	stream, err := jobs.WatchJob(ctx, &halotile.WatchJobRequest{Id: id})
	if err != nil {
		return nil, err
	}
	var last *halotile.WatchJobResponse
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		log.Printf("%s %d/%d", event.State, event.GetProgress().GetTilesDone(), event.GetProgress().GetTilesTotal())
		last = event
	}
	if last.GetState() != halotile.JobState_JOB_STATE_SUCCEEDED {
		return nil, fmt.Errorf("the job did not succeed: %v", last)
	}
	return last.Result, nil
}

// download fetches a finished job's output and checks it on its way.
func download(ctx context.Context, jobs halotile.JobsClient, id, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	stream, err := jobs.Download(ctx, &halotile.DownloadRequest{JobId: id})
	if err != nil {
		return err
	}
	crc := uint32(0)
	announced := false
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if chunk := message.Chunk; chunk != nil {
			if crc32.ChecksumIEEE(chunk.Data) != chunk.Crc {
				return fmt.Errorf("%s: the chunk at %d is damaged", path, chunk.Offset)
			}
			crc = crc32.Update(crc, crc32.IEEETable, chunk.Data)
			if _, err := file.Write(chunk.Data); err != nil {
				return err
			}
		}
		if message.FileCrc != nil {
			announced = true
			if *message.FileCrc != crc {
				return fmt.Errorf("%s: %08x announced, %08x came", path, *message.FileCrc, crc)
			}
		}
	}
	if !announced {
		return fmt.Errorf("%s: the download ended early", path)
	}
	return file.Close()
}

// refused sends a wrong job and reads from the status which of halotile's errors it is and which field is wrong.
func refused(ctx context.Context, jobs halotile.JobsClient) error {
	_, err := jobs.SubmitJob(ctx, &halotile.SubmitJobRequest{RequestId: "x", Spec: &halotile.JobSpec{Image: "a.tif"}})
	if status.Code(err) != codes.InvalidArgument {
		return fmt.Errorf("a wrong spec was answered with: %v", err)
	}
	reason := ""
	fields := 0
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = detail.Domain + "/" + detail.Reason
		case *errdetails.BadRequest:
			fields += len(detail.FieldViolations)
			for _, violation := range detail.FieldViolations {
				log.Printf("refused: %s: %s", violation.Field, violation.Description)
			}
		}
	}
	if reason != "halotile/bad-usage" || fields == 0 {
		return fmt.Errorf("the refusal's details are not readable: %q, %d fields: %v", reason, fields, err)
	}
	return nil
}
