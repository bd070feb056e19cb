package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	caCert        = "ca.crt"
	caKey         = "ca.key"
	serverCert    = "apiserver.crt"
	serverKey     = "apiserver.key"
	tokenKey      = "service-account.key"
	kcmKubeconfig = "controller-manager.kubeconfig"
	clusterName   = "local"
	validForYears = 10
	kubeletUser   = "fake-kubelet"
	// kubeletClientUser is the API server when it asks the kubelet.
	kubeletClientUser = "kube-apiserver-kubelet-client"
	kubeletClientCert = "kubelet-client.crt"
	kubeletClientKey  = "kubelet-client.key"
	adminUser         = "admin"
	mastersGroup      = "system:masters"
	kcmUser           = "system:kube-controller-manager"
	pemCertificate    = "CERTIFICATE"
	pemKey            = "EC PRIVATE KEY"
)

// users are the identities that this process itself acts with.
type users struct{ kubelet *rest.Config }

// writePKI makes what is missing of the keys and certificates, and always the
// kubeconfigs. The CA and the key of the service account tokens stay what they
// are for as long as the directory lives: kubeconfigs and tokens that somebody
// holds work on after a restart.
func writePKI(state *state, server string) (*users, error) {
	ca, err := openAuthority(state)
	if err != nil {
		return nil, err
	}
	if err := ca.ensureServer(); err != nil {
		return nil, err
	}
	if _, err := ensureKey(state, tokenKey); err != nil {
		return nil, err
	}
	if _, err := ca.writeKubeconfig("admin.kubeconfig", server, adminUser, mastersGroup); err != nil {
		return nil, err
	}
	if _, err := ca.writeKubeconfig(kcmKubeconfig, server, kcmUser); err != nil {
		return nil, err
	}
	// Not the admin: the audit log shall tell a test's writes from the kubelet's.
	kubeletConfig, err := ca.kubeconfig(server, kubeletUser, mastersGroup)
	if err != nil {
		return nil, err
	}
	if err := ca.writeKubeletClient(); err != nil {
		return nil, err
	}
	kubelet, err := clientcmd.NewDefaultClientConfig(*kubeletConfig, nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	kubelet.QPS, kubelet.Burst = 200, 400
	return &users{kubelet: kubelet}, nil
}

// authority issues this control plane's certificates.
type authority struct {
	state *state
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
}

// openAuthority reads the CA of this directory, or makes it.
func openAuthority(state *state) (*authority, error) {
	key, err := ensureKey(state, caKey)
	if err != nil {
		return nil, err
	}
	ca := &authority{state: state, key: key}
	der, err := readPEM(state, caCert)
	if errors.Is(err, fs.ErrNotExist) {
		template := newTemplate(pkix.Name{CommonName: "control-plane-ca"})
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
		ca.cert = template // Signed by itself.
		if der, err = ca.issue(template, key); err == nil {
			err = state.writeFile(caCert, encodePEM(pemCertificate, der))
		}
	}
	if err != nil {
		return nil, err
	}
	ca.cert, err = x509.ParseCertificate(der)
	return ca, err
}

// issue signs a certificate for a key.
func (ca *authority) issue(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	return x509.CreateCertificate(rand.Reader, template, ca.cert, &key.PublicKey, ca.key)
}

// ensureServer makes the API server's certificate if there is none. It names
// no port, so it stays good whatever the port is.
func (ca *authority) ensureServer() error {
	if _, err := os.Stat(ca.state.path(serverCert)); err == nil {
		return nil
	}
	key, err := ensureKey(ca.state, serverKey)
	if err != nil {
		return err
	}
	template := newTemplate(pkix.Name{CommonName: "kube-apiserver"})
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = []string{"localhost", "kubernetes.default.svc"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	der, err := ca.issue(template, key)
	if err != nil {
		return err
	}
	return ca.state.writeFile(serverCert, encodePEM(pemCertificate, der))
}

// writeKubeconfig writes a kubeconfig for a user of the given groups.
func (ca *authority) writeKubeconfig(file, server, user string, groups ...string) (*clientcmdapi.Config, error) {
	config, err := ca.kubeconfig(server, user, groups...)
	if err != nil {
		return nil, err
	}
	content, err := clientcmd.Write(*config)
	if err != nil {
		return nil, err
	}
	return config, ca.state.writeFile(file, content)
}

// writeKubeletClient makes what the API server shows when it asks the kubelet.
func (ca *authority) writeKubeletClient() error {
	config, err := ca.kubeconfig("", kubeletClientUser)
	if err != nil {
		return err
	}
	user := config.AuthInfos[kubeletClientUser]
	return errors.Join(
		ca.state.writeFile(kubeletClientCert, user.ClientCertificateData),
		ca.state.writeFile(kubeletClientKey, user.ClientKeyData),
	)
}

// kubeconfig issues a client certificate and wraps it in a kubeconfig.
func (ca *authority) kubeconfig(server, user string, groups ...string) (*clientcmdapi.Config, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := newTemplate(pkix.Name{CommonName: user, Organization: groups})
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := ca.issue(template, key)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[clusterName] = &clientcmdapi.Cluster{
		Server:                   server,
		CertificateAuthorityData: encodePEM(pemCertificate, ca.cert.Raw),
	}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{
		ClientCertificateData: encodePEM(pemCertificate, der),
		ClientKeyData:         keyPEM,
	}
	config.Contexts[clusterName] = &clientcmdapi.Context{Cluster: clusterName, AuthInfo: user}
	config.CurrentContext = clusterName
	return config, nil
}

// newTemplate is what all certificates have in common.
func newTemplate(name pkix.Name) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      name,
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(validForYears, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

// ensureKey reads a private key, or makes it.
func ensureKey(state *state, name string) (*ecdsa.PrivateKey, error) {
	der, err := readPEM(state, name)
	if err == nil {
		return x509.ParseECPrivateKey(der)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	content, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return key, state.writeFile(name, content)
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return encodePEM(pemKey, der), err
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func readPEM(state *state, name string) ([]byte, error) {
	content, err := os.ReadFile(state.path(name))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM data: delete the directory %s to start afresh", state.path(name), state.dir)
	}
	return block.Bytes, nil
}
