package web

import (
	"net/http"

	"shubbak/policies"
)

// ReferencePath is the page that describes the API to people.
const ReferencePath = "/api-reference"

// reference lists the calls of the API, from the same routes as openapi.json.
func (s *Server) reference(c *Ctx) error {
	var list []Route
	for _, r := range s.routes {
		if r.API {
			list = append(list, r)
		}
	}
	v := c.View("")
	v.Title = v.T("api.title")
	return c.Render(apiView(v, list))
}

func (s *Server) referencePage() Route {
	return Page(http.MethodGet, ReferencePath, policies.To("account", "me"), s.reference)
}
