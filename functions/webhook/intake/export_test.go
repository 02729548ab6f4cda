package intake

// Endpoints are the addresses of the contract, each behind its method.
func Endpoints() (all []string) {
	for _, e := range new(Handler).endpoints() {
		all = append(all, e.method+" "+e.path)
	}
	return all
}
