package web

import (
	"net/http"

	"shubbak/platform/fault"
	"shubbak/policies"

	"github.com/gofiber/fiber/v2"
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

// later lists calls of the contract that are not served yet at an address that
// serves another method: they answer 404 like any call that does not exist.
var later = []string{"POST /agreements", "PATCH /agreements/:id"}

func notServedYet(*fiber.Ctx) error { return fault.New(fault.NotFound) }
