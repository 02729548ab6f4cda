package samlocal

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
)

// network is the one that the containers are put into.
type network struct {
	name string
	host string // what containers call this machine
}

// dockersName is what containers call the machine around them where Docker runs
// in a virtual machine, as Docker Desktop does; its loopback address is meant.
const dockersName = "host.docker.internal"

// makeNetwork makes a network, and finds out what this machine is called in it.
// Where Docker runs on this machine itself that is an address, which is read from
// the network's own device: what the engine tells of a network has no address as
// long as the engine has only just made it (Docker 20.10). Elsewhere there is no
// such device.
func (c *Cloud) makeNetwork(ctx context.Context) error {
	name := "relay-" + strings.ToLower(rand.Text()[:6]) // a device's name has at most 15 characters
	if err := docker(ctx, "network", "create", "--driver", "bridge", "--opt", "com.docker.network.bridge.name="+name, name); err != nil {
		return err
	}
	c.closeLast(func() error { return docker(context.WithoutCancel(ctx), "network", "rm", name) })
	c.network = network{name, dockersName}
	device, err := net.InterfaceByName(name)
	if err != nil {
		return nil //nolint:nilerr // it is in Docker's virtual machine
	}
	addresses, err := device.Addrs()
	if err != nil {
		return fmt.Errorf("read the addresses of %s: %w", name, err)
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil {
			c.network.host = ip.IP.String()
			return nil
		}
	}
	return fmt.Errorf("the device %s has no address among %v", name, addresses)
}

// reachable opens a server of this machine's loopback address to the containers and
// returns its address there.
func (c *Cloud) reachable(ctx context.Context, address string) (string, error) {
	target, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if c.network.host == dockersName {
		target.Host = net.JoinHostPort(dockersName, target.Port())
		return target.String(), nil
	}
	return c.serve(ctx, c.network.host, httputil.NewSingleHostReverseProxy(target))
}

func docker(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, "docker", arguments...) //nolint:gosec // arguments of ours
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("docker %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(said.String()))
	}
	return nil
}
