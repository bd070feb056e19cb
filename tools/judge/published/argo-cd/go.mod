module github.com/argoproj/argo-cd/v3

go 1.26.0

require (
	github.com/argoproj/argo-cd/gitops-engine v0.0.0
	github.com/cespare/xxhash/v2 v2.3.0
	github.com/gobwas/glob v0.2.3
	github.com/google/go-cmp v0.7.0
	github.com/robfig/cron/v3 v3.0.1
	github.com/sirupsen/logrus v1.9.4
	google.golang.org/grpc v1.83.1
	k8s.io/api v0.37.1
	k8s.io/apiextensions-apiserver v0.37.1
	k8s.io/apimachinery v0.37.1
	k8s.io/client-go v0.37.1
	sigs.k8s.io/yaml v1.6.0
)
