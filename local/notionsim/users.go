package notionsim

import "github.com/google/uuid"

// ownerID is the person who owns the workspace and its seeded database.
const ownerID = "5eed0000-0000-4000-8000-000000000002"

// botID is the id of the integration that a token belongs to.
func botID(token string) string {
	return uuid.NewSHA1(uuid.MustParse(ownerID), []byte(token)).String()
}

func getMe(_ *workspace, q *request) (*outcome, error) {
	return &outcome{reply: func() map[string]any {
		return map[string]any{
			"object": "user", "id": q.bot, "name": "Notion Simulator", "avatar_url": nil, "type": "bot",
			"bot": map[string]any{
				"owner":          map[string]any{"type": "workspace", "workspace": true},
				"workspace_name": "Simulated workspace",
			},
		}
	}}, nil
}

func user(id string) map[string]any { return map[string]any{"object": "user", "id": id} }
