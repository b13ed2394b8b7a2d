// Command gateway-conformance runs those conformance tests of the Gateway API that need no more than Gateway, HTTPRoute
// and ReferenceGrant. It takes the flags of any Go test (-test.v, -test.run) and KUBECONFIG.
package main

import (
	"context"
	"flag"
	"net"
	"regexp"
	"slices"
	"testing"
	"time"

	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/config"
	"sigs.k8s.io/gateway-api/conformance/utils/roundtripper"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/gateway-api/pkg/features"
)

// What our path speaks: a test that needs anything else is not run.
var supported = []features.FeatureName{
	features.SupportGateway,
	features.SupportHTTPRoute,
	features.SupportReferenceGrant,
}

var (
	address     = flag.String("address", "", "address of the Gateways")
	httpPort    = flag.String("http", "8000", "its port for HTTP, whatever the listeners say")
	httpsPort   = flag.String("https", "8443", "its port for HTTPS")
	defaultHost = flag.String("host", "", "host of requests that name none: a Route always names its hosts")
	only        = flag.String("tests", ".", "which tests, as an expression")
)

func main() {
	testing.Main(
		func(pattern, name string) (bool, error) { return regexp.MatchString(pattern, name) },
		[]testing.InternalTest{{Name: "Conformance", F: run}},
		nil,
		nil,
	)
}

func run(t *testing.T) {
	options := conformance.DefaultOptions(t)
	options.SupportedFeatures = supported
	options.TimeoutConfig = timeouts()
	options.RoundTripper = &roundTripper{roundtripper.DefaultRoundTripper{
		TimeoutConfig:     options.TimeoutConfig,
		CustomDialContext: dial,
	}}
	suite, err := suite.NewConformanceTestSuite(options)
	if err != nil {
		t.Fatal(err)
	}
	chosen := chosenTests()
	t.Logf("%d tests", len(chosen))
	suite.Setup(t, chosen)
	if err := suite.Run(t, chosen); err != nil {
		t.Fatal(err)
	}
}

// Tests of HTTPRoutes only: what a Gateway does by itself has nothing to do with Routes.
func chosenTests() []suite.ConformanceTest {
	return slices.DeleteFunc(slices.Clone(tests.ConformanceTests), func(test suite.ConformanceTest) bool {
		return !regexp.MustCompile(*only).MatchString(test.ShortName) ||
			!slices.Contains(test.Features, features.SupportHTTPRoute) ||
			slices.ContainsFunc(test.Features, func(feature features.FeatureName) bool {
				return !slices.Contains(supported, feature)
			})
	})
}

// Sends the requests of the tests to where the data plane listens.
type roundTripper struct {
	roundtripper.DefaultRoundTripper
}

func (r *roundTripper) CaptureRoundTrip(
	request roundtripper.Request,
) (*roundtripper.CapturedRequest, *roundtripper.CapturedResponse, error) {
	if request.Host == "" {
		request.Host = *defaultHost
	}
	return r.DefaultRoundTripper.CaptureRoundTrip(request)
}

func dial(ctx context.Context, network, target string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	if host == *address {
		port = map[string]string{"443": *httpsPort, "80": *httpPort, "8080": *httpPort, "8090": *httpPort}[port]
	}
	return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, port))
}

// What never comes is given up sooner than by default: all takes seconds here.
func timeouts() config.TimeoutConfig {
	timeouts := config.DefaultTimeoutConfig()
	timeouts.GatewayMustHaveAddress = 30 * time.Second
	timeouts.GatewayMustHaveCondition = 30 * time.Second
	timeouts.GWCMustBeAccepted = 30 * time.Second
	timeouts.NamespacesMustBeReady = 120 * time.Second
	timeouts.MaxTimeToConsistency = 12 * time.Second
	timeouts.HTTPRouteMustHaveCondition = 12 * time.Second
	timeouts.HTTPRouteMustNotHaveParents = 12 * time.Second
	timeouts.RouteMustHaveParents = 12 * time.Second
	timeouts.LatestObservedGenerationSet = 12 * time.Second
	timeouts.GatewayListenersMustHaveConditions = 12 * time.Second
	timeouts.GatewayStatusMustHaveListeners = 12 * time.Second
	timeouts.TestIsolation = 0
	return timeouts
}
