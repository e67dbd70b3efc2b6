// The API reference: Swagger UI, served from here like everything else.
// A request of "Try it out" is sent as whoever is signed in to the console, unless a key was entered under "Authorize".
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  validatorUrl: null,
  showMutatedRequest: false, // or the command that it shows would hold the token
  requestInterceptor: (request) => {
    const token = window.localStorage.getItem('miniaws-session');
    if (token !== null && !request.headers.Authorization) request.headers.Authorization = `Bearer ${token}`;
    return request;
  },
});
