// Says of each host whether crypto/tls takes its certificate.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func main() {
	pem, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		dialer := &net.Dialer{Timeout: 10 * time.Second}
		config := &tls.Config{RootCAs: roots, ServerName: words[1]}
		connection, err := tls.DialWithDialer(dialer, "tcp", net.JoinHostPort(words[0], os.Args[2]), config)
		if err != nil {
			fmt.Println(words[1], "refused")
			continue
		}
		fmt.Println(words[1], "taken")
		connection.Close()
	}
}
