package publish

import "notionrelay/shared/block"

// ConvertBy lets a publisher convert reports in another way.
func (p *Publisher) ConvertBy(convert func(markdown string) []block.Block) { p.convert = convert }
