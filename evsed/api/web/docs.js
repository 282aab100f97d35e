// Shows /openapi.json; requests that are tried out go to this charger only.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // else it asks a server on the internet
});
