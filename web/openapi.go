package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"
)

// Document is the OpenAPI 3.1 description of the mounted API, generated from the
// types of its routes. Paths are relative to the server /t/{tenant}/api/v1.
func (s *Server) Document() ([]byte, error) { return s.openapi() }

var pathParam = regexp.MustCompile(`:([a-z_]+)`)

func (s *Server) document() ([]byte, error) {
	r := openapi31.NewReflector()
	r.Spec.Info.WithTitle("Shubbak").WithVersion("1").WithDescription("The API of one tenant's portal.")
	r.Spec.WithServers(openapi31.Server{URL: "/t/{tenant}/api/v1", Variables: map[string]openapi31.ServerVariable{"tenant": {Default: "coordination"}}})
	r.Spec.SetHTTPBearerTokenSecurity("session", "opaque", "the token of POST /session")
	r.DefaultOptions = append(r.DefaultOptions, jsonschema.InterceptProp(describe), jsonschema.InterceptDefName(defName), jsonschema.InterceptSchema(plainSchema))
	for _, rt := range s.routes {
		if !rt.API {
			continue
		}
		oc, err := r.NewOperationContext(rt.Method, pathParam.ReplaceAllString(rt.Path, "{$1}"))
		if err != nil {
			return nil, err
		}
		oc.SetSummary(rt.Doc.Summary)
		oc.SetDescription("Permission: " + rt.Perm.String())
		if !rt.Public {
			oc.AddSecurity("session")
		}
		if rt.Doc.In != nil {
			oc.AddReqStructure(reflect.New(rt.Doc.In).Elem().Interface(), func(cu *openapi.ContentUnit) {
				if rt.Doc.Upload {
					cu.ContentType = "multipart/form-data"
				}
			})
		}
		switch {
		case rt.Doc.Download:
			oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusOK), openapi.WithContentType("application/octet-stream"))
		case rt.Doc.Media != nil:
			for _, m := range rt.Doc.Media {
				var out any
				if m == "application/json" {
					out = reflect.New(rt.Doc.Out).Elem().Interface()
				}
				oc.AddRespStructure(out, openapi.WithHTTPStatus(http.StatusOK), openapi.WithContentType(m))
			}
		case rt.Doc.Status == http.StatusNoContent:
			oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusNoContent))
		default:
			oc.AddRespStructure(reflect.New(rt.Doc.Out).Elem().Interface(), openapi.WithHTTPStatus(rt.Doc.Status))
		}
		oc.AddRespStructure(problem{}, openapi.WithHTTPStatus(http.StatusTeapot), openapi.WithContentType("application/problem+json"), func(cu *openapi.ContentUnit) {
			cu.HTTPStatus, cu.IsDefault = 0, true
		})
		if err := r.AddOperation(oc); err != nil {
			return nil, err
		}
	}
	b, err := json.MarshalIndent(r.Spec, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

// describe reads required, lengths and closed lists from the validator's tags, so
// that the document and the refusals can't drift apart.
func describe(p jsonschema.InterceptPropParams) error {
	if !p.Processed || p.PropertySchema == nil {
		return nil
	}
	for _, rule := range strings.Split(p.Field.Tag.Get("validate"), ",") {
		name, value, _ := strings.Cut(rule, "=")
		switch name {
		case "required":
			p.ParentSchema.Required = append(p.ParentSchema.Required, p.Name)
		case "max":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && p.Field.Type.Kind() == reflect.String {
				p.PropertySchema.WithMaxLength(n)
			}
		case "oneof":
			for _, v := range strings.Fields(value) {
				p.PropertySchema.Enum = append(p.PropertySchema.Enum, v)
			}
		case "dive":
			return nil
		}
	}
	return nil
}

// plainSchema writes ids and optional patch fields as what they are on the wire.
func plainSchema(p jsonschema.InterceptSchemaParams) (bool, error) {
	t := p.Value.Type()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if strings.HasPrefix(t.Name(), "ID[") {
		p.Schema.Type, p.Schema.Items, p.Schema.AdditionalProperties = nil, nil, nil
		p.Schema.AddType(jsonschema.String)
		p.Schema.WithFormat("uuid")
		return true, nil
	}
	if isOptional(t) {
		inner := reflect.New(t.Field(2).Type).Elem().Interface()
		sub, err := (&jsonschema.Reflector{}).Reflect(inner, jsonschema.InlineRefs)
		if err != nil {
			return true, err
		}
		*p.Schema = sub
		p.Schema.AddType(jsonschema.Null)
		return true, nil
	}
	return false, nil
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// defName keeps generic types readable: List[referrals.View] becomes ListReferralsView.
func defName(_ reflect.Type, name string) string {
	parts := notInName.Split(name, -1)
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

func (s *Server) serveOpenAPI(c *fiber.Ctx) error {
	b, err := s.openapi()
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/json")
	return c.Send(b)
}
