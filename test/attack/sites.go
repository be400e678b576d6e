// A server of two sites, plain and over TLS, at the ports that it prints. Certificates are in the directory that it runs in.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
)

func isBlocked(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "blocked.example" || strings.HasSuffix(host, ".blocked.example")
}

func main() {
	log.SetOutput(io.Discard)
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if at := strings.Index(host, ":"); at >= 0 {
			host = host[:at]
		}
		if isBlocked(host) {
			fmt.Fprintln(w, "SITE-BLOCKED")
		} else {
			fmt.Fprintln(w, "SITE-OK")
		}
	})
	pair := func(name string) *tls.Certificate {
		c, err := tls.LoadX509KeyPair(name+".pem", name+".pem")
		if err != nil {
			panic(err)
		}
		return &c
	}
	ok, blocked := pair("ok"), pair("blocked")
	config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if isBlocked(hello.ServerName) {
			return blocked, nil
		}
		return ok, nil
	}}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	secure, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		panic(err)
	}
	go http.Serve(plain, answer)
	fmt.Println(plain.Addr().(*net.TCPAddr).Port, secure.Addr().(*net.TCPAddr).Port)
	http.Serve(secure, answer)
}
