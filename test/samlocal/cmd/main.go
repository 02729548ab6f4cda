// Command cmd starts what the functions need to be run by `sam local`, says how
// to run them, and stops it all when it is interrupted.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"syscall"

	"notionrelay/test/samlocal"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	cloud, err := samlocal.Start(ctx, ".aws-sam/local")
	if err != nil {
		return err
	}
	err = cloud.Explain(ctx, os.Stdout)
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, cloud.Close())
}
