package notionsim_test

// ruleImage is how Notion tells an image that is hosted directly.
const ruleImage = "extensions bmp, gif, heic, jpeg, jpg, png, svg, tif, tiff"

var imageCases = func() []conformanceCase {
	image := func(url string) string { return children(`{"image":{"external":{"url":"` + url + `"}}}`) }
	cases := []conformanceCase{
		accepted(ruleImage, "image with a query", "PATCH", children2, image("https://example.com/a.png?width=3#x")),
		accepted(ruleImage, "image in capitals", "PATCH", children2, image("https://example.com/A.PNG")),
		accepted(ruleImage, "cover without an extension", "PATCH", "/v1/pages/{page}", `{"cover":{"external":{"url":"https://example.com/x"}}}`),
		refused(ruleImage, "image without an extension", "PATCH", children2, image("https://example.com/chart"), "body.children[0].image.external.url: Invalid image url."),
		refused(ruleImage, "image with an extension in the query", "PATCH", children2, image("https://example.com/chart?name=a.png"), "Invalid image url."),
		refused(ruleImage, "webp image", "PATCH", children2, image("https://example.com/a.webp"), "Invalid image url."),
		refused(ruleImage, "image in the address", "PATCH", children2, image("data:image/png;base64,AAAA"), "Invalid image url."),
		refused(ruleImage, "relative image", "PATCH", children2, image("a.png"), "Invalid image url."),
		refused(ruleImage, "image by ftp", "PATCH", children2, image("ftp://example.com/a.png"), "Invalid image url."),
		refused(ruleImage, "image of a new page", "POST", "/v1/pages", below(item+`,{"image":{"external":{"url":"https://example.com/x"}}}`), "body.children[1].image.external.url: Invalid image url."),
	}
	for _, extension := range []string{"bmp", "gif", "heic", "jpeg", "jpg", "png", "svg", "tif", "tiff"} {
		cases = append(cases, accepted(ruleImage, extension+" image", "PATCH", children2, image("https://example.com/a."+extension)))
	}
	return cases
}()
